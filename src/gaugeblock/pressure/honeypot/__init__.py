"""The small built-in world in which lying pays a little."""
