"""Schedules that run themselves: when, on what, for whom; made once however many schedulers look after them."""
