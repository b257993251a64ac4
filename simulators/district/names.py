"""Names of invented people, with the letters that break careless software."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """The words of a text; an underscore stands for a blank inside a name."""
    return [word.replace("_", " ") for word in text.split()]


FEMALE = words(
    """
    Noor Ana Tamsin Orla Maria Lucía Chloé Zoë Inés Björk Siân Mei Aaliyah Priya Fatima Leilani Nayeli
    Hana Ingrid Keiko Amara Ruth Ivy June Clara Elena Sofia Mila Nora Ada Beatriz Camila Dalia Esme
    Freya Gloria Helena Iris Jade Kaya Lena Maeve Nadia Opal Petra Quinn Rosa Sara Tessa Uma Vera Willa
    Xiomara Yara Zaira Anneliese Mary-Kate D'Arcy Renée Łucja Šárka Ngọc Thị Ōhana Siobhán Agnès
    """
)
MALE = words(
    """
    Ilan Mateo José René Søren Łukasz Óscar Kai Omar Ravi Diego Hugo Levi Noah Owen Eli Finn Jude Theo
    Luca Marco Nico Pablo Ramón Samir Tariq Ulises Víctor Wade Xavier Yusuf Zane Andre Bruno Caleb Dante
    Emil Felix Gael Henry Ivan Jonah Kofi Liam Miles Nasir Orion Pierce Quentin Reed Silas Tobias Umar
    Vince Walt Jean-Luc D'Angelo Anders Þór Đức Çağan Håkon Zbyněk Mícheál Abdul-Rahman Raúl
    """
)
LAST = words(
    """
    Rivers Reed Finch Marsh Heron Lake Stone Brook Field Glen Hart Ives Jarvis Kerr Lowe Moss North
    Oakes Pryor Quill Rowe Stark Thorne Underhill Vance Wells Yates Zeller García Hernández López
    Martínez Rodríguez Sánchez Núñez Peña Muñoz Ibáñez O'Brien O'Neill D'Souza N'Diaye De_la_Cruz
    Van_der_Berg Smith-Jones Pérez-Ávila Nguyễn Trần Phạm Chen Wong Kim Park Tanaka Sato Patel Singh
    Kaur Haddad Nasser Petrosyan Hakobyan Ivanova Kowalski Wójcik Öztürk Åkesson Müller Weiß Lefèvre
    Bélanger Kamaka Tuiasosopo Whitehorse Begay Okafor Mensah Diallo Abebe Johansen Lindqvist Carver
    Dalton Ellery Fulton Granger Holloway Keating Lambert Mercer Norwood Prescott Ramsey Sutton Tolliver
    """
)
CJK = (("王", "美玲"), ("李", "伟"), ("佐藤", "さくら"), ("김", "민준"), ("陳", "志明"), ("박", "서연"))
RTL = (("חדד", "נועה"), ("النجار", "ليلى"), ("العلي", "يوسف"), ("כהן", "אילן"))
EMOJI = "Skye✨"

STREETS = words(
    """
    Reed_Ln Heron_Way Marsh_Rd Cattail_Ct Willow_St Otter_Creek_Dr Old_Mill_Rd Sycamore_Ave Peña_Blvd
    Lakeshore_Dr Quarry_Rd Alder_St Juniper_Way N_4th_St W_Main_St County_Road_12 Larkspur_Ln
    St._Anne's_Ct Granite_Pl Dover_Ave Ferry_Landing_Rd Harvest_Moon_Ct Bluff_View_Ter Cedar_Hollow_Rd
    """
)
CITIES = (("Marsh Point", "CA", "95990"), ("Lakeview", "CA", "95991"), ("Otter Creek", "CA", "95992"),
          ("Heron Bay", "CA", "95993"), ("Granite Flat", "NV", "89990"), ("Cedar Hollow", "OR", "97990"),
          ("Juniper", "AZ", "85990"))  # fmt: skip
COLD_CITY = ("Fern Hollow", "MA", "01234")
SCHOOL_WORDS = words(
    """
    Lakeview Marsh_Point Heron Otter_Creek Willow Granite Cedar_Hollow Juniper Larkspur Alder Sycamore
    Bluff_View Old_Mill Quarry Harvest Dover Ferry_Landing Cattail Peña St._Anne's
    """
)
ODD_HOMEROOMS = ("Rm 4/B", "K–1 “Owls”", "Señora Díaz & Co.", "A'12; #7", "2\\3 (AM), west")
ALLERGIES = ("Peanut", "Milk, egg", "Tree nuts", "Gluten", "Shellfish; carries EpiPen", "Soy")
TITLES = (
    "Teacher",
    "Teacher",
    "Teacher",
    "Teacher",
    "Counselor",
    "Custodian",
    "Clerk",
    "Cook",
    "Aide",
    "Substitute",
)
