"""Use-cases of accounts that stand beside `user_management`: passwords and browser sessions."""
