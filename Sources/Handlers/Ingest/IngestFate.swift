import ContractRuntime
import Generated

/// What became of a row that an instance sent.
enum IngestFate: String {
    /// It is stored.
    case stored
    /// Something newer was there already.
    case stale
    /// The same entry was there already.
    case duplicate
    /// Another entry has its id.
    case conflict
    /// Its instance is not known.
    case unknown
    /// Its instance has reached its maximum of symbols.
    case crowded
    /// Its time is ahead of the database's clock.
    case ahead
}

extension IngestReceipt {
    /// What the sender is told of a row's fate; what is refused is thrown.
    ///
    /// - Parameter id: The member that tells rows apart.
    init(_ fate: IngestFate, id: String = "") throws(Problem) {
        switch fate {
        case .stored: self.init(status: .accepted)
        case .stale: self.init(status: .accepted, stale: true)
        case .duplicate: self.init(status: .accepted, duplicate: true)
        case .conflict:
            throw Problem(status: 409, code: "\(id.uppercased())_TAKEN", detail: "another entry has this \(id)")
        case .unknown: throw .instanceNotFound
        case .ahead: throw .timestampAhead
        case .crowded:
            let detail = "the instance has reached POSITIONS_PER_INSTANCE, and none of its positions is closed"
            throw Problem(.positions, status: 422, detail)
        }
    }
}
