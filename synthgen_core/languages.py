"""The languages that examples can be written in. To add one, add a row to ``LANGUAGES``."""

from dataclasses import dataclass

from synthgen_core.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Language:
    """A language, as it is called in English and by those who speak it."""

    code: str
    """ISO 639-1."""
    name: str
    native_name: str
    is_rtl: bool = False
    """Written from right to left."""

    @property
    def full_name(self) -> str:
        """Both names where they differ: ``German (Deutsch)``."""
        return self.name if self.name == self.native_name else f"{self.name} ({self.native_name})"


LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("en", "English", "English"),
        Language("ru", "Russian", "Русский"),
        Language("de", "German", "Deutsch"),
        Language("fr", "French", "Français"),
        Language("es", "Spanish", "Español"),
        Language("pt", "Portuguese", "Português"),
        Language("it", "Italian", "Italiano"),
        Language("zh", "Chinese", "中文"),
        Language("ja", "Japanese", "日本語"),
        Language("ar", "Arabic", "العربية", is_rtl=True),
        Language("hi", "Hindi", "हिन्दी"),
        Language("uk", "Ukrainian", "Українська"),
        Language("pl", "Polish", "Polski"),
        Language("nl", "Dutch", "Nederlands"),
        Language("tr", "Turkish", "Türkçe"),
        Language("ko", "Korean", "한국어"),
    )
}
"""Code -> language, in the order in which they are offered."""


def language(name: str) -> Language:
    """The language with this code, English name or native name, in any case.

    Raises:
        NotFoundError: it is none of ours; the hint names the nearest.
    """
    wanted = name.strip().casefold()
    for known in LANGUAGES.values():
        if wanted in (known.code, known.name.casefold(), known.native_name.casefold()):
            return known
    raise NotFoundError.of("language", name, [known.name for known in LANGUAGES.values()])
