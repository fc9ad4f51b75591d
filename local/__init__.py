"""Seatline on one machine: embedded servers, the processes of the Procfile, a demo show."""
