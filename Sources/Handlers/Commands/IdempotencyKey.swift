import ContractRuntime
import Generated
import Postgres

/// An idempotency key, under which the response of a request is stored.
struct IdempotencyKey {
    let actor: String
    let operation: Route
    let key: String
    /// The hash of the request.
    let request: String

    /// The key of a request; nil if the caller sent none.
    init?(_ key: String?, of operation: Route, by actor: String, _ request: some ContractModel) {
        guard let key else { return nil }
        self.actor = actor
        self.operation = operation
        self.key = key
        self.request = TokenSecret.hash(JSONObject(request).description)
    }
}

extension Transaction {
    /// Computes the response, or returns the one stored under the same key. A different request under the key is rejected.
    borrowing func once<Answer: ContractModel>(
        _ key: IdempotencyKey?,
        _ body: () throws -> Answer
    ) throws -> Answer {
        guard let key else { return try body() }
        let operation = key.operation.rawValue
        let taken = try run(
            .takeKey(actor: key.actor, operation: operation, key: key.key, request: key.request)
        )
        guard taken == 1 else { return try repeated(key) }
        let answer = try body()
        _ = try run(
            .keepAnswer(actor: key.actor, operation: operation, key: key.key, answer: JSONObject(answer))
        )
        return answer
    }

    private borrowing func repeated<Answer: ContractModel>(_ key: IdempotencyKey) throws -> Answer {
        let known = try run(.findKey(actor: key.actor, operation: key.operation.rawValue, key: key.key))
        guard known.request == key.request else {
            let detail = "the Idempotency-Key '\(key.key)' was already used for a different request"
            throw Problem(status: 409, code: .idempotencyKeyReused, detail: detail)
        }
        return try Answer(json: known.answer.bytes)
    }
}
