import Generated
import Postgres

/// Evidence of the mode of an instance. Anybody may send the heartbeats of agents without tokens, so their mode is no proof.
struct ModeEvidence {
    /// The time for which an instance that was LIVE counts as LIVE.
    static let liveSeconds = 86_400

    /// The mode in its newest heartbeat.
    let reported: RuntimeMode
    /// The mode in its newest heartbeat with an agent's token; nil if it never sent one.
    let proven: RuntimeMode?
    /// Whether it was LIVE within `liveSeconds`, or has a LIVE account.
    let wasLive: Bool

    /// Whether commands to the instance may end or begin real trading.
    var countsAsLive: Bool { reported == .live || proven != reported || wasLive }
}

extension Transaction {
    /// The evidence of the modes of instances; retired and unknown ones are missing.
    borrowing func modeEvidence(of instanceIDs: [String]) throws(PostgresError) -> [(
        instanceID: String, mode: ModeEvidence
    )] {
        try run(.modeEvidence(instanceIDs: instanceIDs, liveSeconds: ModeEvidence.liveSeconds)).map { row in
            (row.instanceID, ModeEvidence(reported: row.runtimeMode, proven: row.provenMode, wasLive: row.wasLive))
        }
    }
}
