import ContractRuntime

/// The codes of rejections at a limit. `/metrics` counts each.
enum LimitRejection: String, CaseIterable {
    case registrations = "TOO_MANY_REGISTRATIONS"
    case instances = "TOO_MANY_INSTANCES"
    case series = "TOO_MANY_SERIES"
    case positions = "TOO_MANY_POSITIONS"
    case orders = "TOO_MANY_ORDERS"
    case trades = "TOO_MANY_TRADES"
    case accounts = "TOO_MANY_ACCOUNTS"
    case evidence = "EVIDENCE_TOO_LARGE"
    case object = "OBJECT_TOO_LARGE"
    case acknowledgements = "TOO_MANY_ACKNOWLEDGEMENTS"
    case streams = "TOO_MANY_STREAMS"
    case bodies = "TOO_MANY_BODIES"

    /// The label's value in the metric.
    var label: String {
        switch self {
        case .registrations: "registrations"
        case .instances: "instances"
        case .series: "series"
        case .positions: "positions"
        case .orders: "orders"
        case .trades: "trades"
        case .accounts: "accounts"
        case .evidence: "evidence"
        case .object: "object"
        case .acknowledgements: "acknowledgements"
        case .streams: "streams"
        case .bodies: "bodies"
        }
    }
}

extension Problem {
    /// A rejection at a limit.
    init(_ refusal: LimitRejection, status: Int, _ detail: String, retryAfterSeconds: Int? = nil) {
        self.init(status: status, code: refusal.rawValue, detail: detail, retryAfterSeconds: retryAfterSeconds)
    }
}

extension API {
    /// Counts a problem if it is a rejection at a limit. Returns the problem.
    @discardableResult
    func counted(_ problem: Problem) -> Problem {
        if let refusal = LimitRejection(rawValue: problem.code) { telemetry.recordRejection(refusal) }
        return problem
    }

    /// Rejects an object that exceeds the maximum size.
    func requireObject(_ object: JSONObject, _ name: String) throws(Problem) {
        do throws(Problem) { try object.require(name, atMost: configuration.clientLimits.objectBytes) } catch {
            throw counted(error)
        }
    }
}

extension JSONObject {
    /// Rejects an object that is too large to be stored with each of many rows.
    func require(_ name: String, atMost limit: Int) throws(Problem) {
        guard bytes.count > limit else { return }
        throw Problem(.object, status: 413, "\(name) has \(bytes.count) bytes; at most \(limit) are allowed")
    }
}
