import ContractRuntime
import Generated

extension ServiceHealth {
    /// The errors of ingest and of notifications, each with the page that has the details.
    var chips: [Block.Chip] { [ingestChip, deliveryChip] }

    private var ingestChip: Block.Chip {
        let details = "/alerts?source=requests"
        guard let ingest else {
            return Block.Chip(icon: .unknown, text: "Ingest errors: unknown", note: "no recent count", href: "/system")
        }
        let requests = "\(Figures.count(ingest.requests)) \(ingest.requests == 1 ? "request" : "requests") per minute"
        if ingest.failures == 0 {
            return Block.Chip(icon: .good, text: "No ingest errors", note: requests, href: details)
        }
        let errors = "\(Figures.count(ingest.failures)) ingest \(ingest.failures == 1 ? "error" : "errors")"
        return Block.Chip(icon: .critical, text: errors, note: "of \(requests)", href: details)
    }

    private var deliveryChip: Block.Chip {
        let details = "/settings?tab=notifications"
        let pending = deliveries.pending > 0 ? "\(Figures.count(deliveries.pending)) pending" : nil
        func count(_ number: Int, _ what: String) -> String {
            "\(Figures.count(number)) \(what) \(number == 1 ? "delivery" : "deliveries")"
        }
        if deliveries.failed > 0 {
            return Block.Chip(icon: .critical, text: count(deliveries.failed, "failed"), note: pending, href: details)
        }
        if deliveries.retrying > 0 {
            return Block.Chip(icon: .warning, text: count(deliveries.retrying, "delayed"), note: pending, href: details)
        }
        return Block.Chip(icon: .good, text: "No failed deliveries", note: pending, href: details)
    }
}
