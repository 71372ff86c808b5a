"""Made-up files in the header layouts of real systems, with the right reading of each computed by hand."""
