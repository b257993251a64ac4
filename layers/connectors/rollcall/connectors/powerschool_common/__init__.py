"""What both ways into PowerSchool share: its contacts, and lists that are announced and paged."""
