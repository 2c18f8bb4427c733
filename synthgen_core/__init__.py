"""SynthGen, the Dataset Creator: synthetic datasets for fine-tuning language models.

The core is a synchronous library: ``actions`` has one function for each thing that a user can do, ``workspace`` opens
what they work on. Importing this package loads neither Streamlit nor an SDK.
"""

__version__ = "1.1.1"
