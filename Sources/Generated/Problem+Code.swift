public import ContractRuntime

extension Problem {
    /// A problem with a code of the contract.
    public init(
        status: Int,
        code: ProblemCode,
        detail: String,
        retryAfterSeconds: Int? = nil,
        members: [String: JSONObject] = [:]
    ) {
        self.init(
            status: status,
            code: code.rawValue,
            detail: detail,
            retryAfterSeconds: retryAfterSeconds,
            members: members
        )
    }

    /// The code as a value of the contract's enumeration.
    public var contractCode: ProblemCode { ProblemCode(rawValue: code) }
}
