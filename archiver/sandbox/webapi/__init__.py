"""The SuperOffice WebAPI as far as it is served: its calls, and what each answers when nothing is odd."""
