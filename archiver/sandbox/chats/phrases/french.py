"""French chats."""

from archiver.sandbox.chats.phrases.language import Language, Story, agent, customer

FRENCH = Language(
    channel="Service client",
    bot="Léo (robot)",
    agents=("Élodie Lefèvre", "François Garçon"),
    customers=(
        ("Zoé Martin-Dupré", "zoe.martin"),
        ("Jérôme d'Arcy", "j.darcy"),
        ("Maëlle Le Gall", "maelle.legall"),
    ),
    welcome="Bienvenue au service client ! Un conseiller va vous répondre.",
    bot_question="Bonjour, je suis Léo. Quel est le sujet de votre demande ?",
    greetings=("Bonjour {customer}, {agent} à votre écoute.", "Bonjour ! Ici {agent}, je regarde tout de suite."),
    stories=(
        Story(
            option="Commande",
            turns=(
                customer(
                    "Bonjour, je n'ai toujours pas reçu la commande {order}.",
                    "La commande {order} est arrivée abîmée, l'écran est fêlé 😢",
                ),
                agent(
                    "Pouvez-vous me confirmer l'adresse de livraison ?",
                    "Je suis désolé. Avez-vous une photo du colis ?",
                ),
                customer("C'est celle du siège, à Nîmes", "Oui, je l'ai envoyée à « sav »"),
                agent(
                    "Le transporteur repasse demain :\n1) entre 9h et 12h\n2) sans signature",
                    "Un article neuf part aujourd'hui, comptez {days} jours.",
                ),
                customer("Parfait, et l'ancien carton ?", "D'accord"),
                agent("Vous pouvez le garder.", "C'est noté dans votre dossier."),
            ),
        ),
        Story(
            option="Facture",
            turns=(
                customer(
                    'La facture {invoice} indique {amount} € au lieu du prix "adhérent".',
                    "Il me faut la facture {invoice} au nom de Durand & Fils",
                ),
                agent("Je vérifie votre contrat.", "À quelle adresse dois-je l'envoyer ?"),
                customer("Merci, c'est assez urgent", "À la comptabilité, s'il vous plaît"),
                agent("En effet, un avoir vous est envoyé.", "C'est fait, elle est dans <b>Mes factures</b>."),
            ),
        ),
        Story(
            option="Rendez-vous",
            turns=(
                customer(
                    "Peut-on avancer l'installation prévue dans {days} jours ?",
                    "Le technicien n'est pas venu ce matin !",
                ),
                agent("Quelles sont vos disponibilités ?", "Je contacte le planning, ne quittez pas."),
                customer("Jeudi après-midi, ou vendredi", "J'attends, merci"),
                agent("Jeudi à 15h, c'est confirmé.", "Il sera là avant midi, avec toutes nos excuses."),
                customer("Génial ! 🙏", "Bon, d'accord."),
            ),
        ),
    ),
    asides=(
        ("Est-ce que c'est compris dans l'abonnement ?", "Oui, sans supplément."),
        ("Puis-je suivre ça en ligne ?", "Oui, dans votre espace client, rubrique « Suivi »."),
        ("Vous êtes ouverts le samedi ?", "De 9h à 12h, uniquement par chat."),
    ),
    transition=("Tant que je vous ai, autre chose :", "Ah, et un deuxième point"),
    transfer="{agent} a repris la conversation.",
    thanks=("Merci beaucoup, {agent} !", "Super, merci 😊", "C'est parfait, merci"),
    goodbyes=("Avec plaisir, bonne journée !", "Je vous en prie. Au revoir {customer} !"),
    idle="La conversation a été fermée faute d'activité.",
    closed="La conversation est terminée.",
    reopened=("Rebonjour, ça ne marche toujours pas", "Désolée, j'avais oublié une question"),
)
