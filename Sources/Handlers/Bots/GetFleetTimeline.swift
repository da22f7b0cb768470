public import ContractRuntime
public import Generated

extension API {
    /// The maximum number of commands, of alerts and of deployments that one request considers.
    private static var scanned: Int { 1_000 }

    public func getFleetTimeline(_ input: GetFleetTimeline.Input) async throws(Problem) -> GetFleetTimeline.Output {
        let rows = try await read(
            .fleetTimeline(
                mode: input.mode,
                from: input.from,
                instanceID: input.instanceID,
                kind: input.kind,
                scanned: Self.scanned,
                limit: input.limit
            )
        )
        return .ok(
            FleetTimeline(
                generatedAt: .now,
                total: rows.first?.total ?? 0,
                totalIsExact: rows.first?.isExact ?? true,
                events: rows.map { row in
                    FleetTimelineEventsItem(
                        at: row.at,
                        kind: row.kind,
                        id: row.eventID,
                        text: row.message,
                        targetID: row.targetID
                    )
                }
            )
        )
    }
}
