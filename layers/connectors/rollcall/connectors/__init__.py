"""How each SIS speaks: transport × auth × paging × field map, one package per system, none importing another."""
