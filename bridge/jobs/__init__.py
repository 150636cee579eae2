"""What the bridge does without being asked: sends what it kept or held, asks for reports, settles unknown outcomes."""
