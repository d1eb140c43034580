"""Use-cases of billing that stand beside `payment_handler`: what a settlement writes, mails, and history."""
