"""How the report shows the results of each section: its charts, and the figures for its top."""
