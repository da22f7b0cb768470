import ContractRuntime
import Generated
import Postgres

/// An element that an instance sends to an ingest path, alone or in an array.
protocol IngestElement: ContractModel {
    /// The result of storing the element.
    associatedtype Outcome: Sendable

    /// The instance that reports the element.
    var instanceID: String { get }

    /// The element's timestamp.
    var timestamp: Timestamp { get }

    /// Rejects an element that exceeds a limit.
    func check(_ limits: ClientLimits) throws(Problem)

    /// Stores the element and waits for the commit.
    ///
    /// - Parameter principal: The agent; nil if it needed no token.
    func store(in api: API, by principal: Principal?) async throws(Problem) -> Outcome

    /// Stores several elements independently, and waits for their commits.
    static func store(
        _ elements: [Self],
        in api: API,
        by principal: Principal?
    ) async throws(Problem) -> [Result<Outcome, Problem>]

    /// The receipt for an outcome; a rejection is thrown.
    func receipt(_ outcome: Outcome) throws(Problem) -> IngestReceipt

    /// The audit details of a rejection; nil if it is not audited.
    func auditDetails(of problem: Problem) -> JSONObject?
}

/// An element that is stored as one row of a batch.
protocol RowElement: IngestElement where Row.Outcome == Outcome {
    associatedtype Row: BatchRow

    /// The row to store.
    func row(within limits: ClientLimits) -> Row
}

extension RowElement {
    func store(in api: API, by principal: Principal?) async throws(Problem) -> Outcome {
        try await api.run(row(within: api.configuration.clientLimits))
    }

    static func store(
        _ elements: [Self],
        in api: API,
        by principal: Principal?
    ) async throws(Problem) -> [Result<Outcome, Problem>] {
        try await api.run(elements.map { $0.row(within: api.configuration.clientLimits) })
    }
}

extension IngestElement {
    func check(_ limits: ClientLimits) throws(Problem) {}

    func auditDetails(of problem: Problem) -> JSONObject? { nil }
}

extension API {
    /// Stores one element.
    func ingest<Element: IngestElement>(
        _ element: Element,
        by principal: Principal?
    ) async throws(Problem) -> IngestReceipt {
        try await require(principal, actsFor: element.instanceID)
        do throws(Problem) {
            try element.check(configuration.clientLimits)
        } catch {
            throw counted(error)
        }
        let outcome = try await element.store(in: self, by: principal)
        do throws(Problem) {
            return try element.receipt(outcome)
        } catch {
            var now: Timestamp?
            let problem = try await explained(error, element.timestamp, &now)
            try await audit(problem, of: element)
            throw counted(problem)
        }
    }

    /// Stores each valid element of an array, and returns the result for each.
    ///
    /// - Parameter complete: Changes an element before it is stored; it receives the element's index.
    func ingest<Element: IngestElement>(
        _ objects: [JSONObject],
        as type: Element.Type,
        by principal: Principal?,
        complete: (inout Element, Int) -> Void = { _, _ in }
    ) async throws(Problem) -> IngestReceipt {
        var outcomes: [IngestOutcome?] = Array(repeating: nil, count: objects.count)
        var elements: [(index: Int, element: Element)] = []
        for (index, object) in objects.enumerated() {
            do throws(Problem) {
                var element = try Element(reading: object)
                try await require(principal, actsFor: element.instanceID)
                try element.check(configuration.clientLimits)
                complete(&element, index)
                elements.append((index, element))
            } catch {
                counted(error)
                outcomes[index] = IngestOutcome(index: index, error)
            }
        }
        let results = try await Element.store(elements.map(\.element), in: self, by: principal)
        var now: Timestamp?
        for ((index, element), result) in zip(elements, results) {
            outcomes[index] = try await outcome(of: element, index, result, &now)
        }
        return IngestReceipt(items: outcomes.compactMap { $0 })
    }

    private func outcome<Element: IngestElement>(
        of element: Element,
        _ index: Int,
        _ result: Result<Element.Outcome, Problem>,
        _ now: inout Timestamp?
    ) async throws(Problem) -> IngestOutcome {
        do throws(Problem) {
            let receipt = try element.receipt(result.get())
            return IngestOutcome(index: index, status: .accepted, stale: receipt.stale, duplicate: receipt.duplicate)
        } catch {
            let problem = try await explained(error, element.timestamp, &now)
            try await audit(problem, of: element)
            return IngestOutcome(index: index, counted(problem))
        }
    }

    /// Records the rejection of an element in the audit log, if such rejections are audited.
    func audit(_ problem: Problem, of element: some IngestElement) async throws(Problem) {
        guard let details = element.auditDetails(of: problem) else { return }
        let rejection = Rejection(
            actor: Actor.agent,
            action: .heartbeat,
            targetType: .instance,
            targetID: element.instanceID,
            code: problem.contractCode
        )
        try await record(rejection, details: details)
    }
}

extension IngestElement {
    /// Reads and validates an element of an array.
    fileprivate init(reading object: JSONObject) throws(Problem) {
        do throws(InvalidInput) { self = try Self(json: object.bytes) } catch { throw Problem(error) }
    }
}

extension IngestOutcome {
    fileprivate init(index: Int, _ problem: Problem) {
        self.init(
            index: index,
            status: .rejected,
            code: problem.contractCode,
            detail: problem.detail,
            errors: problem.errors.isEmpty
                ? nil
                : problem.errors.map {
                    ProblemViolation(pointer: $0.pointer, keyword: $0.keyword, message: $0.message)
                },
            serverTime: problem.serverTime
        )
    }
}

extension IngestReceipt {
    fileprivate init(items: [IngestOutcome]) {
        let accepted = items.count { $0.status == .accepted }
        self.init(status: .accepted, accepted: accepted, rejected: items.count - accepted, items: items)
    }
}
