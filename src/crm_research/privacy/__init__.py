"""What keeps persons from being recognised in what a run writes: pseudonyms, masks, groups withheld, and the scan.

docs/privacy.md says, threat by threat, what this does and what it does not.
"""

from __future__ import annotations

from crm_research.privacy.keys import require_key
from crm_research.privacy.known_ids import IdsOfList, IdsOfStudy
from crm_research.privacy.masking import mask_text
from crm_research.privacy.pseudonyms import hide_ids, say_id
from crm_research.privacy.scan import Finding, scan, scan_reports

__all__ = [
    "Finding",
    "IdsOfList",
    "IdsOfStudy",
    "hide_ids",
    "mask_text",
    "require_key",
    "say_id",
    "scan",
    "scan_reports",
]
