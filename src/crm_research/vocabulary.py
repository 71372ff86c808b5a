"""The words and units that the whole house shares. One concept, one name, one place."""

from __future__ import annotations

from typing import Final

DAYS_PER_YEAR: Final = 365.25
DAYS_PER_MONTH: Final = DAYS_PER_YEAR / 12
DAYS_PER_WEEK: Final = 7.0

# Kinds of order. A sale is a purchase occasion; a return gives money back and is no purchase; a cancelled order
# never came about, so neither its money nor its occasion counts.
SALE: Final = "sale"
RETURN: Final = "return"
CANCELLED: Final = "cancelled"
ORDER_KINDS: Final = (SALE, RETURN, CANCELLED)

CONSUMER: Final = "consumer"
BUSINESS: Final = "business"
CUSTOMER_KINDS: Final = (CONSUMER, BUSINESS)

CONTACT_KINDS: Final = ("complaint", "enquiry", "visit", "service")

# What a study may declare an extra column (an attribute) to be.
NUMBER: Final = "number"
CATEGORY: Final = "category"
FLAG: Final = "flag"
TIME: Final = "time"
ATTRIBUTE_TYPES: Final = (NUMBER, CATEGORY, FLAG, TIME)

# Reason of an ended contract for which the records give none.
REASON_NOT_GIVEN: Final = "not given"
