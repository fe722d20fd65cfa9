"""From the wildcards of a rule to the job: a module a stage, a function a rule."""
