"""Cases to be found by rules, made by seed: personal data of every kind, prose in ten languages, six kinds of loops.

All of it is invented; numbers with check digits have right ones, and decoys have wrong ones.
"""

import random
import string
from collections.abc import Callable, Mapping

LETTERS = string.ascii_letters + string.digits
TAX_DIGITS, BANK_DIGITS = 10, 18


def luhn(draw: random.Random, start: str, size: int) -> str:
    """A card number."""
    digits = [int(c) for c in start] + [draw.randint(0, 9) for _ in range(size - 1 - len(start))]
    doubled = [2 * d - 9 * (d > 4) for d in digits[::-1][::2]]
    return "".join(map(str, [*digits, -(sum(doubled) + sum(digits[::-1][1::2])) % 10]))


def iban(draw: random.Random) -> str:
    """A German account number."""
    account = _digits(draw, BANK_DIGITS)
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def german_tax_number(draw: random.Random) -> str:
    """Ten digits, one of them twice, and the check digit (ISO/IEC 7064, MOD 11, 10)."""
    digits = draw.sample(range(1, TAX_DIGITS), TAX_DIGITS - 1)
    digits.append(digits[0])
    product = 10
    for digit in digits:
        product = 2 * ((digit + product) % 10 or 10) % 11
    return "".join(map(str, [*digits, (11 - product) % 10]))


def spanish_id(draw: random.Random) -> str:
    """A DNI."""
    number = draw.randint(10_000_000, 99_999_999)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices(string.digits, k=count))


def _key(draw: random.Random, count: int) -> str:
    return "a1B" + "".join(draw.choices(LETTERS, k=count - 3))


def _grouped(number: str) -> str:
    return " ".join(number[n : n + 4] for n in range(0, len(number), 4))


PERSONAL: Mapping[str, Callable[[random.Random], str]] = {
    "an e-mail address": lambda d: (
        f"{_word(d)}.{_word(d)}@{_word(d)}-{_word(d)}.{d.choice(('de', 'com', 'org', 'fr'))}"
    ),
    "a payment card number": lambda d: d.choice((str, _grouped))(luhn(d, d.choice(("4", "51", "55")), 16)),
    "an IBAN": lambda d: d.choice((str, _grouped))(iban(d)),
    "a US social security number": lambda d: f"{d.randint(100, 665)}-{d.randint(10, 99)}-{d.randint(1000, 9999)}",
    "a UK national insurance number": lambda d: f"A{d.choice('BCEGHJKLMPR')} {_pairs(d)} {d.choice('ABCD')}",
    "a Spanish identity number": spanish_id,
    "a German tax number": german_tax_number,
    "a phone number": lambda d: d.choice(
        (
            f"+49 {d.randint(30, 89)} {d.randint(2000, 9999)} {d.randint(2000, 9999)}",
            f"({d.randint(201, 989)}) {d.randint(200, 554)}-{d.randint(1000, 9999)}",
            f"0{d.randint(30, 89)} / {d.randint(2000, 9999)} {d.randint(2000, 9999)}",
        )
    ),
    "an IP address": lambda d: f"{d.randint(11, 99)}.{d.randint(1, 250)}.{d.randint(1, 250)}.{d.randint(1, 250)}",
    "an OpenAI key": lambda d: f"sk-proj-{_key(d, 40)}",
    "an Anthropic key": lambda d: f"sk-ant-api03-{_key(d, 40)}",
    "an AWS access key": lambda d: "AKIA" + "".join(d.choices(string.ascii_uppercase + string.digits, k=16)),
    "a Google key": lambda d: f"AIza{_key(d, 35)}",
    "a GitHub token": lambda d: f"ghp_{_key(d, 36)}",
    "a Slack token": lambda d: f"xoxb-{_digits(d, 12)}-{_key(d, 20)}",
    "a Stripe key": lambda d: f"sk_live_{_key(d, 24)}",
    "a Hugging Face token": lambda d: f"hf_{_key(d, 34)}",
    "a private key": lambda d: f"-----BEGIN {d.choice(('', 'RSA ', 'EC '))}PRIVATE KEY-----",
    "a signed token (JWT)": lambda d: f"eyJ{_key(d, 20)}.eyJ{_key(d, 30)}.{_key(d, 40)}",
    "a password in an address": lambda d: f"postgres://admin:{_key(d, 9)}@db.{_word(d)}.net/shop",
    "a password": lambda d: f"password: {_key(d, 10)}",
}
"""Kind, as the rule calls it -> a new case."""

DECOYS: tuple[Callable[[random.Random], str], ...] = (
    lambda d: (
        f"invoice {d.randint(2019, 2026)}-{d.randint(100, 999)} over {d.randint(1, 9)},{d.randint(100, 999)}.00 euros"
    ),
    lambda d: f"order number {d.randint(10_000_000, 99_999_999)}",
    lambda d: _grouped(_spoilt(luhn(d, "4", 16))),
    lambda d: f"version {d.randint(1, 9)}.{d.randint(0, 20)} on 192.168.{d.randint(0, 9)}.{d.randint(1, 99)}",
    lambda d: f"call 555-01{d.randint(10, 99)} or write to {_word(d)}@example.com",
    lambda d: "commit " + "".join(d.choices("0123456789abcdef", k=40)),
    lambda d: (
        f"on {d.randint(2019, 2026)}-{d.randint(10, 12)}-{d.randint(10, 28)} at {d.randint(10, 23)}:{d.randint(10, 59)}"
    ),
    lambda d: (
        f"between {d.randint(1950, 1990)}-{d.randint(1991, 2020)} from {d.random() * 90:.3f} to {d.random() * 90:.5f}"
    ),
    lambda d: _spoilt(german_tax_number(d)),
    lambda d: f"ISBN 978-3-16-{d.randint(100_000, 999_999)}-{d.randint(0, 9)}",
)
"""What looks like personal data, and is none."""


def _spoilt(number: str) -> str:
    """With another check digit."""
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def _pairs(draw: random.Random) -> str:
    return " ".join(_digits(draw, 2) for _ in range(3))


def _word(draw: random.Random) -> str:
    return "".join(draw.choice("bdfgklmnprst") + draw.choice("aeiou") for _ in range(3))


LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "de": (
        "Bitte prüfen Sie zuerst, ob das Kabel richtig eingesteckt ist.",
        "Die Rechnung finden Sie in Ihrem Konto unter dem Punkt Dokumente.",
        "Wir haben Ihre Nachricht erhalten und melden uns bis morgen Abend.",
        "Leider kann der Vertrag erst zum Ende des Monats geändert werden.",
    ),
    "fr": (
        "Vérifiez d'abord que le câble est bien branché à l'appareil.",
        "Vous trouverez la facture dans votre espace client, sous Documents.",
        "Nous avons bien reçu votre message et vous répondrons demain soir.",
        "Le contrat ne peut malheureusement être modifié qu'à la fin du mois.",
    ),
    "es": (
        "Compruebe primero que el cable esté bien conectado al aparato.",
        "Encontrará la factura en su cuenta, en el apartado de documentos.",
        "Hemos recibido su mensaje y le contestaremos mañana por la tarde.",
        "Por desgracia, el contrato solo se puede cambiar a finales de mes.",
    ),
    "pt": (
        "Verifique primeiro se o cabo está bem ligado ao aparelho.",
        "A fatura encontra-se na sua conta, na secção de documentos.",
        "Recebemos a sua mensagem e responderemos até amanhã à noite.",
        "Infelizmente, o contrato só pode ser alterado no fim do mês.",
    ),
    "it": (
        "Controlli prima di tutto che il cavo sia collegato bene all'apparecchio.",
        "La fattura si trova nel suo conto, alla voce documenti.",
        "Abbiamo ricevuto il suo messaggio e le risponderemo entro domani sera.",
        "Purtroppo il contratto può essere cambiato soltanto alla fine del mese.",
    ),
    "nl": (
        "Controleer eerst of de kabel goed in het apparaat zit.",
        "De factuur vindt u in uw account onder het kopje documenten.",
        "Wij hebben uw bericht ontvangen en antwoorden uiterlijk morgenavond.",
        "Helaas kan het contract pas aan het einde van de maand worden gewijzigd.",
    ),
    "pl": (
        "Najpierw proszę sprawdzić, czy kabel jest dobrze podłączony.",
        "Fakturę znajdzie Pani na swoim koncie w zakładce dokumenty.",
        "Otrzymaliśmy wiadomość i odpowiemy najpóźniej jutro wieczorem.",
        "Niestety umowę można zmienić dopiero pod koniec miesiąca.",
    ),
    "ru": (
        "Сначала проверьте, хорошо ли подключён кабель к устройству.",
        "Счёт вы найдёте в личном кабинете в разделе документов.",
        "Мы получили ваше сообщение и ответим не позднее завтрашнего вечера.",
        "К сожалению, договор можно изменить только в конце месяца.",
    ),
    "zh": (
        "请先检查电缆是否已经正确插入设备，然后再重新启动路由器。",
        "您可以在账户的文件栏目中找到这张发票，并且随时下载。",
        "我们已经收到您的来信，最晚明天晚上会给您答复，请您耐心等待。",
        "很抱歉，合同只能在月底的时候才能进行修改，请届时再联系我们。",
    ),
    "ja": (
        "まず、ケーブルが機器に正しく接続されているかどうかをご確認ください。",
        "請求書はお客様のアカウントの書類の欄からご覧いただけます。",
        "メッセージを受け取りました。明日の夜までにお返事いたします。",
        "申し訳ございませんが、契約の変更は月末まで行うことができません。",
    ),
}
"""Code -> sentences of a service desk."""


def looped(draw: random.Random, kind: str, text: str) -> str:
    """The text, going round in circles at its end in one of the ways of ``LOOPS``."""
    sentences = text.split(". ")
    last, words = sentences[-1], text.split()
    piece = " ".join(words[-draw.randint(3, 6) :])
    times = draw.randint(8, 20)
    return {
        "a character": lambda: text + draw.choice("aeo!") * draw.randint(25, 90),
        "a word": lambda: text + f" {words[-1]}" * draw.randint(15, 40),
        "a phrase": lambda: text + f" {piece}" * times,
        "a sentence": lambda: text + f" {last}" * times,
        "two sentences in turn": lambda: text + f" {last}. {sentences[-2]}." * (times // 2),
        "a sentence with another number": lambda: text + "".join(f"\n{n}. {last}" for n in range(1, times)),
    }[kind]()


LOOPS = (
    "a character",
    "a word",
    "a phrase",
    "a sentence",
    "two sentences in turn",
    "a sentence with another number",
)
"""Ways in which a model loops."""
