"""What matters most: how the explained variance of an outcome divides among drivers that go together."""

from crm_research.models.importance.shares import Importance, share_r2

__all__ = ["Importance", "share_r2"]
