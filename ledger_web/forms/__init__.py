"""Floor 4, text from the browser → commands. One form, one command, one service function: the same noun."""
