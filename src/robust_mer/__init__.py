"""Multimodal emotion recognition from noisy or missing data, stage by stage.

A package per stage of the workflow (``corpora``, ``features``, ``corruption``, ``models``,
``training``, ``evaluation``); the modules beside them are what the stages share.
"""
