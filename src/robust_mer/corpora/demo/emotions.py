"""How the demo corpus shows an emotion: words, voice and face, and what raters say of it."""

# How each emotion is spoken: rate, volume, pitch, range, in steps of PROSODY_STEPS.
PROSODIES = {
    "neu": (0, 0, 0, 0),
    "ang": (0.8, 1, -0.2, 0.8),
    "sad": (-1, -1, -0.6, -1),
    "hap": (0.4, 0.2, 1.2, 0.8),
}
PROSODY_STEPS = (22, 0.5, 13, 18)  # words a minute, octaves of amplitude, and espeak-ng's units
# How each looks, in the units of face.MOVEMENTS: corners, jaw, brows, slant, lids.
EXPRESSIONS = {
    "neu": (0, 0, 0, 0, 0),
    "ang": (-0.4, 0.1, -0.7, -0.9, 0.4),
    "sad": (-0.9, 0, 0.2, 0.9, -0.5),
    "hap": (0.9, 0.2, 0.3, 0, -0.1),
}

# The codes outside the four classes, with what their voices and faces resemble.
OTHER_CODES = {"fru": "ang", "xxx": "neu", "sur": "hap"}
CATEGORIES = {
    "neu": "Neutral",
    "ang": "Anger",
    "sad": "Sadness",
    "hap": "Happiness",
    "exc": "Excited",
    "fru": "Frustration",
    "sur": "Surprise",
}
ATTRIBUTES = {  # valence, activation, dominance, 1 to 5
    "neu": (3, 2.5, 3),
    "ang": (1.8, 3.8, 4),
    "sad": (2, 2, 2.4),
    "hap": (4.2, 3.2, 3.2),
}
SENTENCES = {
    "neu": (
        "It starts at three.",
        "The keys are here.",
        "He called this morning.",
        "Take the second left.",
        "Please sign this form.",
        "She works upstairs.",
        "I need the bank.",
        "They changed the room.",
        "The address is the same.",
        "Bring two copies.",
        "The train stops here.",
        "We talked last week.",
        "My brother has the car.",
        "They told me so.",
        "We moved here in May.",
        "He came in at noon.",
        "The shop closes at six.",
        "He asked the same thing.",
        "Leave your bag there.",
        "The letter comes Monday.",
        "I have the number.",
        "Use the other line.",
        "Let me see it.",
        "She is at home.",
    ),
    "ang": (
        "I am sick of this.",
        "How dare you!",
        "Get out of here!",
        "You never listen.",
        "This is ridiculous.",
        "Stop it right now!",
        "You lied to me.",
        "Do not tell me to calm down.",
        "That is your fault.",
        "I hate that!",
        "Shut up, you idiot!",
        "What is wrong with you?",
        "I have had enough.",
        "Get out of my way!",
    ),
    "sad": (
        "I miss her so much.",
        "I am so alone.",
        "He is gone forever.",
        "I cannot stop crying.",
        "It hurts so much.",
        "I lost everything.",
        "She died last night.",
        "Nobody cares about me.",
        "There is no hope left.",
        "I could not help him.",
        "It breaks my heart.",
        "I cry every night.",
        "I am so sorry.",
        "We buried him yesterday.",
    ),
    "hap": (
        "I am so happy!",
        "We won, we won!",
        "I got the job!",
        "She said yes!",
        "What a wonderful day!",
        "I love it!",
        "That is amazing news!",
        "I cannot wait!",
        "It was so much fun!",
        "Congratulations!",
        "What a lovely surprise!",
        "The party will be fun!",
        "I am glad you came.",
        "She is a beautiful baby!",
    ),
}


def emotion_of(code: str) -> str:
    """The emotion that an utterance of a code resembles."""
    return "hap" if code == "exc" else OTHER_CODES.get(code, code)
