-- What an open trade would yield now.

ALTER TABLE trades ADD COLUMN current_price amount, ADD COLUMN unrealized_profit amount;
