import ContractRuntime

/// The values by which an operator confirms an action: a reason, a time to live and a typed phrase.
enum Confirmation {
    /// The minimum length of a reason, in Unicode scalars.
    static let reasonMinimum = 8
    /// The values of the time to live that a form offers, in seconds.
    static let lifetimes = [60, 300, 900, 3_600]
    /// The time to live of a command whose form does not ask for one; otherwise the first selection.
    static let standardLifetime = 300

    static func reasonField(value: String = "") -> Form.Field {
        let label = "Reason, at least \(reasonMinimum) characters"
        return Form.Field("reason", label, value: value, isRequired: true, minimum: reasonMinimum)
    }

    static func lifetimeField(selected: String?) -> Form.Field {
        let selected = selected ?? "\(standardLifetime)"
        let options = lifetimes.map { Form.Option("\($0)", "\($0 / 60) min", selected: selected) }
        return Form.Field("ttl", "Time to live", options: options)
    }

    static func phraseField(_ phrase: String) -> Form.Field {
        Form.Field("phrase", "Type \(phrase) to confirm", hint: "Case-sensitive", isRequired: true)
    }

    /// The field for a token of the user, who authenticates again.
    static let tokenField = Form.Field("token", "Your token", kind: "password", isRequired: true)

    /// The reason in a submitted form.
    static func reason(in form: Fields) throws(Problem) -> String {
        guard let reason = form["reason"], reason.unicodeScalars.count >= reasonMinimum else {
            throw .unconfirmed("Enter a reason of at least \(reasonMinimum) characters.")
        }
        return reason
    }

    /// The time to live in a submitted form, in seconds.
    static func lifetime(in form: Fields) throws(Problem) -> Int {
        guard let seconds = form["ttl"].flatMap(Int.init), lifetimes.contains(seconds) else {
            throw .unconfirmed("Select a time to live.")
        }
        return seconds
    }

    /// Rejects a form without exactly this phrase.
    ///
    /// - Parameter outcome: The end of the message, such as `Nothing was sent.`
    static func checkPhrase(_ phrase: String, in form: Fields, outcome: String) throws(Problem) {
        guard form["phrase"]?.hasSameScalars(as: phrase) == true else {
            throw .unconfirmed("The phrase must be “\(phrase)”. \(outcome)")
        }
    }
}

extension Problem {
    private static let unconfirmedCode = "CONFIRMATION_REQUIRED"
    private static let outdatedCode = "PREVIEW_OUTDATED"

    /// The form lacks a value that confirms the action.
    static func unconfirmed(_ detail: String) -> Problem {
        Problem(status: 400, code: unconfirmedCode, detail: detail)
    }

    /// The instances differ from those that the operator has seen.
    static func outdatedPreview(_ change: String) -> Problem {
        let detail = "The preview is outdated: \(change). Nothing was sent. Check the new preview and confirm again."
        return Problem(status: 409, code: outdatedCode, detail: detail)
    }

    /// Whether a new preview, confirmed again, can succeed.
    var asksForConfirmation: Bool {
        let codes = [
            Self.unconfirmedCode, Self.outdatedCode, WebRequest.Authentication.requiredCode,
            WebRequest.Authentication.failedCode,
        ]
        return codes.contains { code.hasSameScalars(as: $0) }
    }
}
