"""Use-cases of billing beside `payment_handler`: checkout, settlement, refunds, history, mails and alarms."""
