import ContractRuntime
import Generated

/// The fields in which a browser sends the signature of a command. Only a script can fill them (`sign.js`).
enum SignedForm {
    /// The signed values, and empty fields for the signature. A command to several instances is several commands, which have no ids yet.
    static func hidden(_ preview: CommandConfirmation, _ payload: JSONObject, by author: String) -> [Form.Hidden] {
        guard preview.instances.count == 1, let instance = preview.instances.first else { return [] }
        let signed = [
            ("author", author), ("target", instance.instanceID), ("signed_payload", payload.description),
            ("lifetime", "\(Confirmation.standardLifetime)"),
        ]
        let empty = ["key_id", "sequence", "expires_at", "signature"].map { ($0, "") }
        return (signed + empty).map { Form.Hidden(name: $0.0, value: $0.1) }
    }

    /// Adds the signature of a form to a command. A form without one leaves it unchanged.
    static func apply(_ form: Fields, to command: inout CommandRequest) throws(Problem) {
        guard let signature = form["signature"], !signature.isEmpty else { return }
        guard let keyID = form["key_id"], let sequence = form["sequence"].flatMap({ Int($0) }),
            let expiresAt = form["expires_at"].flatMap({ Timestamp($0) })
        else {
            throw Problem(
                status: 400,
                code: "SIGNATURE_INCOMPLETE",
                detail: "The signature of the browser is incomplete."
            )
        }
        command.ttlSeconds = nil
        command.expiresAt = expiresAt
        command.signature = OperatorSignature(
            keyID: keyID,
            sequence: sequence,
            payload: command.payload.description,
            signature: signature
        )
    }
}

extension Dashboard {
    /// Whether an admin has registered the key of the browser, and none has revoked it. A command goes without the signature of any other key:
    /// the key of a browser must not keep its user from stopping a bot.
    func hasRegistered(_ key: String?, _ request: WebRequest) async throws(Problem) -> Bool {
        guard let key, !key.isEmpty else { return false }
        return try await api.listCommandKeys(input(request)).body.items.contains { known in
            known.keyID.hasSameScalars(as: key) && known.revokedAt == nil
                && known.principal?.hasSameScalars(as: request.principal.name) == true
        }
    }

    /// The form that creates a signing key in this browser, and shows its public key.
    static func signingKey(_ request: WebRequest) -> Block {
        let form = Form(
            action: "/signing-key",
            shape: "stack",
            hidden: [Form.Hidden(name: "author", value: request.principal.name)],
            fields: [
                Form.Field(
                    "public_key",
                    "Public key",
                    hint: "An admin registers it with POST /command-keys. The private key cannot leave this browser."
                )
            ],
            buttons: [Form.Button("Create signing key")]
        )
        // Only a script can create a key.
        return Block("signing", "Signing key", shape: "half scripted", .form(form))
    }
}
