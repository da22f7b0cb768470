import ContractRuntime
import Generated

/// The result of storing a row that an instance sent.
enum RowOutcome: String {
    /// The row is stored.
    case stored
    /// A newer row was already stored.
    case stale
    /// The same entry was already stored.
    case duplicate
    /// A different entry has the same id.
    case conflict
    /// Its instance is unknown.
    case unknown
    /// Its instance has reached the limit of such rows.
    case crowded
    /// Its timestamp is ahead of the database's clock.
    case ahead
}

/// The property that identifies a row across repeated requests.
enum IngestKey: String {
    case entryID = "entry_id"
    case fillID = "fill_id"
    case sampleID = "sample_id"

    /// The code for a row whose key belongs to a different row.
    fileprivate var conflict: ProblemCode {
        switch self {
        case .entryID: .entryIDTaken
        case .fillID: .fillIDTaken
        case .sampleID: .sampleIDTaken
        }
    }
}

extension IngestReceipt {
    /// The receipt for a row's result; a rejection is thrown.
    ///
    /// - Parameter key: The key of the row. Rows without a key never conflict.
    init(_ outcome: RowOutcome, key: IngestKey = .entryID) throws(Problem) {
        switch outcome {
        case .stored: self.init(status: .accepted)
        case .stale: self.init(status: .accepted, stale: true)
        case .duplicate: self.init(status: .accepted, duplicate: true)
        case .conflict:
            throw Problem(status: 409, code: key.conflict, detail: "a different entry has this \(key.rawValue)")
        case .unknown: throw .instanceNotFound
        case .ahead: throw .timestampAhead
        case .crowded:
            let detail = "the instance has reached POSITIONS_PER_INSTANCE, and none of its positions is closed"
            throw Problem(.positions, status: 422, detail)
        }
    }
}
