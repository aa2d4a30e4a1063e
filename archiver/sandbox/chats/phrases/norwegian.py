"""Norwegian chats."""

from archiver.sandbox.chats.phrases.language import Language, Story, agent, customer

NORWEGIAN = Language(
    channel="Kundeservice",
    bot="Frida (robot)",
    agents=("Ingrid Sørensen", "Håkon Bråten"),
    customers=(
        ("Øyvind Dahl", "oyvind.dahl"),
        ("Kari Nordmann", "kari.nordmann"),
        ("Åse Lunde", "aase.lunde"),
        ("Jonas Bjørnstad", "jonas.b"),
    ),
    welcome="Velkommen til kundeservice! Vi svarer vanligvis i løpet av få minutter.",
    bot_question="Hei, jeg er Frida 🙋‍♀️ Hva gjelder det?",
    greetings=("Hei {customer}, du snakker med {agent}. Jeg ser på saken.", "Hei! {agent} her, et øyeblikk 🙂"),
    stories=(
        Story(
            option="Ordre",
            turns=(
                customer(
                    'Hei! Ordre {order} har stått som "under behandling" i {days} dager nå',
                    "Hvor blir det av ordre {order}? Vi trenger varene til fredag",
                ),
                agent("Gjelder det hele ordren eller bare skjermene?", "Jeg sjekker lageret, vent litt."),
                customer("Bare skjermene, resten har kommet.", "ok, jeg venter"),
                agent(
                    "De sendes fra Ålesund i kveld.\nSporingsnummer kommer på SMS.",
                    "De er på vei, framme om {days} dager.",
                ),
                customer("Supert, kan de leveres på kontoret?"),
                agent("Ja, jeg har lagt inn kontoradressen.", "Klart det, det er endret nå."),
            ),
        ),
        Story(
            option="Faktura",
            turns=(
                customer(
                    "Faktura {invoice} på {amount} kr mangler bestillingsnummeret vårt.",
                    "Kan jeg få faktura {invoice} på nytt?",
                ),
                agent("Skal den gå som EHF eller PDF?", "Hvilket bestillingsnummer skal stå der?"),
                customer("EHF & kopi på e-post, takk", "PO-7781, og gjerne <b>uten</b> purregebyr"),
                agent("Ny faktura er sendt. Den gamle er kreditert.", "Ordnet! Forfall er flyttet {days} dager."),
            ),
        ),
        Story(
            option="Innlogging",
            turns=(
                customer(
                    "Får ikke logget inn på Min side, bare hvit skjerm",
                    'BankID virker, men så kommer "feil bruker" 😕',
                ),
                agent("Hvilken nettleser bruker du?"),
                customer("Edge på jobb-PC", "Samme i Chrome og på mobilen"),
                agent(
                    "Prøv å slette informasjonskapslene for siden, og logg inn igjen.",
                    "Vi hadde en feil i natt, den er rettet nå. Prøv en gang til?",
                ),
                customer("Nå gikk det! 👍", "Der, ja. Takk!"),
            ),
        ),
    ),
    asides=(
        ("Får jeg en bekreftelse?", "Ja, den kommer på e-post straks."),
        ("Gjelder dette også avdelingen i Tromsø?", "Ja, avtalen er felles for hele firmaet."),
        ("Hvem er kontaktpersonen vår hos dere?", "Det er Håkon, du når ham på e-post."),
        ("Har dere åpent i romjulen?", "Ja, hverdager 10-14."),
    ),
    transition=("En ting til, når jeg først har deg her:", "Forresten, noe helt annet"),
    transfer="{agent} har overtatt samtalen.",
    thanks=("Tusen takk for hjelpen! 😊", "Takk, {agent}!", "Flott, takk skal du ha"),
    goodbyes=("Bare hyggelig! Ha en fin dag.", "Hyggelig å hjelpe, {customer}. Ha det!"),
    idle="Samtalen ble lukket fordi ingen skrev.",
    closed="Samtalen er avsluttet.",
    reopened=("Hei igjen, det virket ikke likevel", "Beklager, jeg glemte å spørre om noe"),
)
