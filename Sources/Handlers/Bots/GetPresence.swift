public import ContractRuntime
public import Generated

extension API {
    public func getPresence(_ input: GetPresence.Input) async throws(Problem) -> GetPresence.Output {
        let count = Int32(clamping: input.hours.multipliedSaturated(by: 120))
        guard let row = try await readPrimary(.presence(instanceID: input.instanceID, count: count)) else {
            throw .instanceNotFound
        }
        return .ok(Presence(instanceID: input.instanceID, slotSeconds: 30, until: row.until, slots: row.slots))
    }
}
