"""Sources: from a company's files, databases and samples to the canonical tables of a study."""
