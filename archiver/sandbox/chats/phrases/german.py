"""German chats."""

from archiver.sandbox.chats.phrases.language import Language, Story, agent, customer

GERMAN = Language(
    channel="Kundendienst",
    bot="Emil (Bot)",
    agents=("Sabine Müller", "Jörg Weiß"),
    customers=(
        ("Käthe Schröder", "kaethe.schroeder"),
        ("Günther Groß", "g.gross"),
        ("Aylin Yılmaz", "aylin.yilmaz"),
        ("Dr. Franz-Xaver Huber", "fx.huber"),
    ),
    welcome="Willkommen beim Kundendienst! Bitte halten Sie Ihre Kundennummer bereit.",
    bot_question="Guten Tag, ich bin Emil. Worum geht es?",
    greetings=(
        "Guten Tag {customer}, mein Name ist {agent}. Ich schaue gleich nach.",
        "Hallo {customer}, {agent} am Apparat 🙂",
    ),
    stories=(
        Story(
            option="Lieferung",
            turns=(
                customer(
                    "Guten Tag, die Lieferung zu Auftrag {order} ist unvollständig: es fehlen zwei Kartons.",
                    'Auftrag {order}: laut Sendungsverfolgung "zugestellt", aber hier ist nichts angekommen!',
                ),
                agent(
                    "Das tut mir leid. Wer hat die Sendung angenommen?", "Steht auf dem Lieferschein eine Bemerkung?"
                ),
                customer("Der Pförtner, Unterschrift unleserlich.", "Nein, gar nichts."),
                agent(
                    "Ich habe eine Nachforschung eröffnet.\nSpätestens in {days} Tagen wissen wir mehr.",
                    "Wir schicken die Kartons heute noch einmal los.",
                ),
                customer("Und wer trägt die Kosten?", "Gut, danke."),
                agent("Selbstverständlich wir.", "Für Sie ist das kostenlos & ohne weiteres Zutun."),
            ),
        ),
        Story(
            option="Rechnung",
            turns=(
                customer(
                    "Auf Rechnung {invoice} über {amount} € steht die falsche USt-IdNr.",
                    "Rechnung {invoice}: Wieso {amount} €? Vereinbart war <b>Skonto</b>.",
                ),
                agent("Wie lautet die richtige Nummer?", "Einen Moment, ich öffne {invoice}."),
                customer("DE123456789, ab sofort bitte", "Ich warte"),
                agent(
                    "Die berichtigte Rechnung ist unterwegs.", "Sie haben recht, ich habe eine Gutschrift veranlasst."
                ),
                customer("Bitte auch an 'buchhaltung@…' schicken"),
                agent("Ist erledigt.", "Gern, steht jetzt so in Ihren Stammdaten."),
            ),
        ),
        Story(
            option="Termin",
            turns=(
                customer(
                    "Ich muss den Wartungstermin am Donnerstag leider verschieben.",
                    "Kommt der Techniker heute noch? Termin war um 9 Uhr.",
                ),
                agent("Passt Ihnen auch nächste Woche?", "Ich frage bei der Einsatzleitung nach."),
                customer("Dienstag oder Mittwoch, ab 14 Uhr", "Ja bitte, wir stehen hier still 😤"),
                agent(
                    "Dienstag, 14:30 Uhr ist eingetragen.", "Er steht im Stau und ist in etwa 40 Minuten bei Ihnen."
                ),
            ),
        ),
    ),
    asides=(
        ("Wo finde ich das Handbuch?", 'Im Kundenbereich unter "Unterlagen", oder im Ordner C:\\Programme\\Doku.'),
        ("Gilt die Garantie dann weiter?", "Ja, unverändert bis zum Jahresende."),
        ("Kann ich das auch telefonisch klären?", "Gern, werktags von 8 bis 17 Uhr."),
        ("Brauchen Sie dafür noch eine Unterschrift?", "Nein, der Chat genügt uns."),
    ),
    transition=("Noch etwas anderes:", "Wenn ich Sie gerade dran habe, eine zweite Sache"),
    transfer="{agent} hat das Gespräch übernommen.",
    thanks=("Vielen Dank für die schnelle Hilfe!", "Danke, {agent} 👍", "Prima. Danke!"),
    goodbyes=("Gern geschehen. Einen schönen Tag noch!", "Auf Wiedersehen, {customer}!"),
    idle="Der Chat wurde geschlossen, da längere Zeit niemand geschrieben hat.",
    closed="Der Chat wurde beendet.",
    reopened=("Entschuldigung, ich bin es noch einmal. Leider doch nicht gelöst.", "Eine Frage habe ich vergessen"),
)
