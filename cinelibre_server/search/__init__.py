"""What a query and a catalogue's texts are made of before they are compared: scripts, spellings, passages, wishes."""
