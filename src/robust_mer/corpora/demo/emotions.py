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
        "The meeting is at three this afternoon.",
        "I put the papers on the table.",
        "She said she would call back later.",
        "We can take the second road on the left.",
        "There is a form that you have to sign.",
        "He works in the office down the hall.",
        "I need to go to the bank tomorrow.",
        "They changed the number of the room.",
        "It is the same address as before.",
        "You have to bring two copies of it.",
        "The train stops here every half hour.",
        "I talked to her about it last week.",
        "My brother has the keys to the car.",
        "That is what they told me on the phone.",
        "We moved here about two years ago.",
        "So you were there when he came in.",
        "I think the shop closes at six.",
        "He asked me the same thing yesterday.",
        "You can leave your bag over there.",
        "They will send the letter on Monday.",
        "I do not know what he meant by that.",
        "The other line is for new customers.",
        "Let me see what it says here.",
        "She has been at home since this morning.",
    ),
    "ang": (
        "I am sick and tired of your excuses.",
        "How dare you talk to me like that?",
        "Get out of here, I mean it.",
        "You never listen to a word I say.",
        "This is ridiculous, I want your manager.",
        "Stop it, just stop it right now.",
        "You lied to me, and you know it.",
        "Do not tell me to calm down.",
        "That is your fault, so do not blame me.",
        "I hate it when you do that.",
        "You are wasting my time, you idiot.",
        "What the hell is wrong with you?",
        "I have had enough of this nonsense.",
        "Shut up and get out of my way.",
    ),
    "sad": (
        "I miss her so much, every day.",
        "I do not know how to go on alone.",
        "He is gone, and I never said goodbye.",
        "I am sorry, I just cannot stop crying.",
        "It hurts, and it will not go away.",
        "I lost everything that I cared about.",
        "She died before I could see her again.",
        "I feel so alone since he left.",
        "There is no hope left, it is over.",
        "I wish I could have helped him.",
        "Nobody cares whether I am here or not.",
        "It breaks my heart to leave you.",
        "I cry when I think about my mother.",
        "I am so sorry about your loss.",
    ),
    "hap": (
        "That is wonderful, I am so happy for you!",
        "We won, can you believe that we won?",
        "I got the job, I really got it!",
        "She said yes, we are getting married!",
        "This is the best day of my life!",
        "I love it, thank you so much!",
        "Oh my god, that is amazing news!",
        "I cannot wait to see you again!",
        "It was so much fun, we laughed all night.",
        "Congratulations, this is so exciting!",
        "You look great, what a lovely surprise!",
        "We are going to the beach, it will be fun!",
        "I am so glad that you came to the party.",
        "It is a beautiful baby girl, I love her!",
    ),
}


def emotion_of(code: str) -> str:
    """The emotion that an utterance of a code resembles."""
    return "hap" if code == "exc" else OTHER_CODES.get(code, code)
