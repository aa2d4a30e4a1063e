"""Polish chats."""

from archiver.sandbox.chats.phrases.language import Language, Story, agent, customer

POLISH = Language(
    channel="Obsługa klienta",
    bot="Zosia (bot)",
    agents=("Małgorzata Wójcik", "Paweł Żak"),
    customers=(
        ("Łukasz Wiśniewski", "lukasz.wisniewski"),
        ("Agnieszka Dąbrowska", "a.dabrowska"),
        ("Stanisław Źródlak", "s.zrodlak"),
    ),
    welcome="Witamy w obsłudze klienta! Zaraz ktoś do Państwa dołączy.",
    bot_question="Dzień dobry, jestem Zosia. W czym mogę pomóc?",
    greetings=("Dzień dobry, z tej strony {agent}. Już sprawdzam.", "Witam, {agent}, w czym mogę pomóc?"),
    stories=(
        Story(
            option="Zamówienie",
            turns=(
                customer(
                    "Dzień dobry, zamówienie {order} miało przyjść {days} dni temu.",
                    "Chciałbym zmienić adres w zamówieniu {order}",
                ),
                agent("Czy chodzi o przesyłkę kurierską?", "Proszę podać nowy adres."),
                customer("Tak, kurier nie zadzwonił 😠", "ul. Święta 7/12, 61-001 Poznań"),
                agent(
                    "Paczka czeka w punkcie odbioru.\nKod odbioru wyślemy SMS-em.",
                    "Zmienione. Dostawa za {days} dni.",
                ),
                customer("A można jeszcze raz kurierem?", "Świetnie"),
                agent("Tak, jutro między 10 a 14.", "Gotowe, potwierdzenie jest w e-mailu."),
            ),
        ),
        Story(
            option="Faktura",
            turns=(
                customer(
                    'Na fakturze {invoice} jest zły NIP & brakuje nazwy "sp. z o.o."',
                    "Proszę o duplikat faktury {invoice} na {amount} zł",
                ),
                agent("Wystawimy korektę. Na jaki adres ją wysłać?", "Oczywiście, chwileczkę."),
                customer("Na ten sam co zwykle", "Czekam"),
                agent("Korekta została wysłana.", "Duplikat jest już w panelu, zakładka <b>Dokumenty</b>."),
            ),
        ),
        Story(
            option="Logowanie",
            turns=(
                customer(
                    "Nie mogę się zalogować, strona pisze 'błędne hasło'", "Konto zablokowane?! Wczoraj działało"
                ),
                agent("Czy próbował Pan zresetować hasło?", "Czy pojawia się kod błędu?"),
                customer("Tak, ale mail nie przychodzi", "E\\403, cokolwiek to znaczy"),
                agent(
                    "Wysłałam link ponownie, proszę sprawdzić spam.",
                    "Odblokowałem konto, proszę spróbować za minutę.",
                ),
                customer("Jest! Działa 🙂", "OK, weszło"),
            ),
        ),
    ),
    asides=(
        ("Ile to będzie kosztować?", "Nic, to w ramach umowy."),
        ("Czy dostanę potwierdzenie?", "Tak, e-mailem w ciągu godziny."),
        ("Do której jesteście dostępni?", "Do 18:00, w soboty do 13:00."),
    ),
    transition=("I jeszcze jedno pytanie:", "Przy okazji, druga sprawa"),
    transfer="Rozmowę przejął(-ęła) {agent}.",
    thanks=("Dziękuję bardzo!", "Dzięki za pomoc 👍", "Super, dziękuję"),
    goodbyes=("Dziękujemy i życzymy miłego dnia!", "Do usłyszenia!"),
    idle="Rozmowa została zamknięta z powodu braku aktywności.",
    closed="Rozmowa została zakończona.",
    reopened=("To znowu ja, niestety dalej nie działa", "Przepraszam, zapomniałem o coś zapytać"),
)
