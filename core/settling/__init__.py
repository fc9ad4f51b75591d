"""Settling: bookings that wait become what they asked for, batch by batch."""
