# Die Kasse: eine Reservierung, ihre Zahlung, ihr Ticket.
loading = Wird geladen …

# Die Reservierung
your-seats = Ihre Plätze
seats-waiting = Wir holen Ihre Plätze …
seat-in-row = Reihe { $row }, Platz { $label }
seats-in-row = Reihe { $row }, Plätze { $labels }
seat-alone = Platz { $label }
seats-alone = Plätze { $labels }
places = { $count ->
    [one] { $count } Platz
   *[other] { $count } Plätze
}
total = Summe
free = kostenlos
held-for = Für Sie gehalten, noch
time-left = noch { $minutes } Minuten und { $seconds } Sekunden
expiring = Nur noch { $seconds } Sekunden. Bitte schließen Sie ab, oder nehmen Sie mehr Zeit.
more-time = Mehr Zeit
more-time-done = Sie haben mehr Zeit: bis { $time }.
more-time-cap = Länger können Plätze nicht gehalten werden. Bitte schließen Sie bis { $time } ab.
give-back = Zurückgeben

# Zahlung
pay = { $amount } bezahlen
confirm = Buchung bestätigen
open-payment-page = Zahlungsseite öffnen
open-payment-page-note = Sie öffnet sich in einem neuen Tab; Ihr Ticket erscheint hier.
continue-payment = Weiter zur Zahlung
payment-waiting = Wir warten auf Ihre Zahlung
payment-waiting-note = Schon bezahlt? Es kann einen Moment dauern, bis wir davon erfahren. Lassen Sie diese Seite offen, oder kommen Sie später wieder.
payment-declined = Ihre Zahlung wurde abgelehnt
payment-declined-note = Es wurde nichts abgebucht. Ihre Plätze sind noch reserviert: Versuchen Sie es noch einmal, vielleicht mit einer anderen Karte.
pay-again = { $amount } erneut bezahlen
confirming = Ihre Buchung wird bestätigt …
paid-confirming = Bezahlt. Ihre Buchung wird bestätigt …

# Wie es ausging
hold-expired = Die Zeit ist um
hold-expired-note = Ihre Plätze wurden wieder freigegeben. Es wurde nichts abgebucht.
hold-expired-pending = Falls Sie doch noch bezahlt haben, bekommen Sie diese Plätze, wenn sie noch frei sind; sonst erhalten Sie Ihr Geld zurück.
hold-expired-paid = Ihre Zahlung kam, als die Zeit um war, und die Plätze waren schon vergeben.
choose-again = Plätze wählen
failed = Diese Buchung kam nicht zustande
failed-seats-unavailable = { $count ->
    [one] Ein gewünschter Platz wurde kurz zuvor von jemand anderem gebucht.
   *[other] Gewünschte Plätze wurden kurz zuvor von jemand anderem gebucht.
}
failed-not-enough-seats = Es sind nicht mehr genug Plätze frei.
failed-customer-limit = Sie haben bereits so viele Plätze dieser Veranstaltung, wie eine Person haben darf.
failed-client-limit = Von Ihrer Verbindung aus sind so viele Plätze reserviert wie erlaubt. Schließen Sie zuerst eine andere Buchung ab, oder geben Sie sie zurück.
failed-sales-closed = Der Verkauf war beendet.
failed-payment-failed = Die Zahlung ist fehlgeschlagen. Es wurde nichts abgebucht.
failed-timed-out = Es hat zu lange gedauert. Es wurde nichts gebucht; bitte versuchen Sie es noch einmal.
cancelling = Wird storniert …
cancelled = Diese Buchung ist storniert
cancelled-note = Die Plätze sind wieder frei.
money-refund-pending = { $amount } sind auf dem Weg zurück zu Ihnen. Das dauert so lange, wie Ihre Bank braucht, meist einige Tage.
money-refunded = { $amount } wurden Ihnen zurückgezahlt.
money-part-refunded = { $refunded } von { $amount } wurden Ihnen zurückgezahlt.

# Das Ticket
ticket = Ihr Ticket
ticket-ready = Gebucht. Viel Vergnügen!
show = Veranstaltung
seats = Plätze
when = Wann
when-value = { $day }, { $time }
ticket-code = Ticketcode
qr-label = QR-Code mit dem Ticketcode { $code }
at-the-door = Zeigen Sie diesen Code am Einlass.
add-to-calendar = In den Kalender
print = Drucken
open-booking = Buchung öffnen

# Was schiefgehen kann
error-network = Keine Verbindung. Bitte prüfen Sie Ihr Netz, und versuchen Sie es noch einmal.
error-rate-limited = { $seconds ->
    [0] Das war viel auf einmal. Bitte warten Sie einen Moment, und versuchen Sie es noch einmal.
    [one] Das war viel auf einmal. Bitte versuchen Sie es in { $seconds } Sekunde noch einmal.
   *[other] Das war viel auf einmal. Bitte versuchen Sie es in { $seconds } Sekunden noch einmal.
}
error-unavailable = Gerade ist sehr viel los. Ihre Plätze sind sicher; bitte versuchen Sie es gleich noch einmal.
error-internal-error = Bei uns ist etwas kaputtgegangen. Bitte versuchen Sie es noch einmal.
error-booking-not-found = Diese Buchung gibt es nicht.
error-show-not-found = Diese Veranstaltung gibt es nicht.
error-hold-expired = Die Zeit, diese Plätze zu bezahlen oder zu bestätigen, ist um.
error-not-payable = Diese Buchung kann nicht mehr bezahlt werden.
error-payment-required = Diese Buchung muss zuerst bezahlt werden.
error-not-held = Ihre Plätze sind noch nicht reserviert. Bitte warten Sie einen Moment.
error-already-settled = Diese Buchung ist bereits abgeschlossen.
error-not-cancellable = Diese Buchung kann nicht mehr storniert werden.
error-sales-not-open = Der Verkauf hat noch nicht begonnen.
error-sales-closed = Der Verkauf ist beendet.
error-show-cancelled = Die Veranstaltung wurde abgesagt.
error-payment-form = Das Zahlungsformular konnte nicht geladen werden. Blockiert Ihr Browser js.stripe.com? Erlauben Sie es, und versuchen Sie es noch einmal.
