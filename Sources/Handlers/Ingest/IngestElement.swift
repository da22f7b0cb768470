import ContractRuntime
import Generated
import Postgres

/// What an instance sends to an ingest path, one by one or in arrays.
protocol IngestElement: ContractModel {
    /// What becomes of it.
    associatedtype Outcome: Sendable

    /// The instance that it speaks of.
    var instanceID: String { get }

    /// The time that it is about.
    var timestamp: Timestamp { get }

    /// Refuses what is larger than it may be.
    func check(_ bounds: Bounds) throws(Problem)

    /// Stores it and waits for the commit.
    func store(in api: API) async throws(Problem) -> Outcome

    /// Stores several, each for itself, and waits for their commits.
    static func store(_ elements: [Self], in api: API) async throws(Problem) -> [Result<Outcome, Problem>]

    /// What its sender is told of what became of it; a refusal is thrown.
    func receipt(_ outcome: Outcome) throws(Problem) -> IngestReceipt

    /// What the audit log is told of a refusal; nil when that is nothing.
    func auditDetails(of problem: Problem) -> JSONObject?
}

/// An element that is stored as one row of a batch.
protocol RowElement: IngestElement where Row.Outcome == Outcome {
    associatedtype Row: BatchRow

    /// What is stored of it.
    func row(within bounds: Bounds) -> Row
}

extension RowElement {
    func store(in api: API) async throws(Problem) -> Outcome {
        try await api.run(row(within: api.configuration.bounds))
    }

    static func store(_ elements: [Self], in api: API) async throws(Problem) -> [Result<Outcome, Problem>] {
        try await api.run(elements.map { $0.row(within: api.configuration.bounds) })
    }
}

extension IngestElement {
    func check(_ bounds: Bounds) throws(Problem) {}

    func auditDetails(of problem: Problem) -> JSONObject? { nil }
}

extension API {
    /// Stores one element.
    func ingest<Element: IngestElement>(
        _ element: Element,
        by principal: Principal?
    ) async throws(Problem) -> IngestReceipt {
        try principal.requireSubject(element.instanceID)
        do throws(Problem) {
            try element.check(configuration.bounds)
        } catch {
            throw counted(error)
        }
        let outcome = try await element.store(in: self)
        do throws(Problem) {
            return try element.receipt(outcome)
        } catch {
            var now: Timestamp?
            let problem = try await explained(error, element.timestamp, &now)
            try await audit(problem, of: element)
            throw counted(problem)
        }
    }

    /// Stores each element of an array that can be stored, and tells of each what became of it.
    ///
    /// - Parameter complete: Changes an element before it is stored; it is told its index.
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
                try principal.requireSubject(element.instanceID)
                try element.check(configuration.bounds)
                complete(&element, index)
                elements.append((index, element))
            } catch {
                counted(error)
                outcomes[index] = IngestOutcome(index: index, error)
            }
        }
        let results = try await Element.store(elements.map(\.element), in: self)
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

    private func audit(_ problem: Problem, of element: some IngestElement) async throws(Problem) {
        guard let details = element.auditDetails(of: problem) else { return }
        let refusal = Refusal(
            actor: Actor.agent,
            action: .heartbeat,
            targetType: .instance,
            targetID: element.instanceID,
            code: problem.code
        )
        try await record(refusal, details: details)
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
            code: problem.code,
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
