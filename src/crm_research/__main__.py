"""``python -m crm_research`` is the command line."""

from crm_research.cli import main

if __name__ == "__main__":
    main()
