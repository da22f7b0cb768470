-- What an instance offers to prove what it says of a command.
ALTER TABLE command_acknowledgements ADD COLUMN evidence jsonb;
