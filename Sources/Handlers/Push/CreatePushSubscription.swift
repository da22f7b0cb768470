public import ContractRuntime
public import Generated
import Postgres
import WebPush

extension API {
    public func createPushSubscription(
        _ input: CreatePushSubscription.Input
    ) async throws(Problem) -> CreatePushSubscription.Output {
        let (request, principal) = (input.body, input.principal.name)
        if ReservedNames.isPerson(principal) { throw .pushNeedsToken }
        let service = try pushService(of: request)
        let row = try await audited(.pushSubscribe, on: .pushSubscription, service, by: principal) { transaction in
            let row = try transaction.run(
                .insertPushSubscription(
                    principal: principal,
                    endpoint: request.endpoint,
                    p256dh: request.p256dh,
                    auth: request.auth,
                    device: request.device,
                    most: PushConfiguration.mostSubscriptions
                )
            )
            guard let row else { throw Problem.tooManyPushSubscriptions }
            let details = JSONObject { json in
                json.member("device", row.device)
                json.member("service", service)
            }
            try transaction.record(
                .pushSubscribe,
                on: .pushSubscription,
                row.subscriptionID.text,
                by: principal,
                details: details
            )
            return row
        }
        return .created(PushSubscription(row))
    }

    /// The host of a subscription's push service.
    ///
    /// - Throws: 409 if web push is off, and 422 for keys that no message can be encrypted for, or a service that is not allowed.
    private func pushService(of request: PushSubscriptionRequest) throws(Problem) -> String {
        guard let push = configuration.push else { throw .pushOff }
        guard SubscriptionKeys(publicKey: request.p256dh, secret: request.auth)?.isUsable == true else {
            throw Problem(
                status: 422,
                code: .validationFailed,
                detail:
                    "p256dh is not a point of the curve P-256, or auth has not 16 bytes; send the keys of PushSubscription.toJSON()"
            )
        }
        guard let endpoint = PushEndpoint(request.endpoint), push.allows(endpoint) else {
            throw Problem(
                status: 422,
                code: .pushServiceNotAllowed,
                detail:
                    "the endpoint is not at a push service of Chromium, Firefox, Edge or Safari, nor at one in PUSH_SERVICES"
            )
        }
        return endpoint.host
    }
}

extension Problem {
    /// Nothing would end the subscription of a person who loses access at the provider.
    fileprivate static let pushNeedsToken = Problem(
        status: 403,
        code: .pushNeedsToken,
        detail: "people of an OpenID provider cannot subscribe: sign in with a token"
    )
    fileprivate static let pushOff = Problem(
        status: 409,
        code: .pushOff,
        detail: "web push is off: set PUSH_KEY and restart the server"
    )
    fileprivate static let tooManyPushSubscriptions = Problem(
        status: 409,
        code: .tooManyPushSubscriptions,
        detail: "you have \(PushConfiguration.mostSubscriptions) subscribed browsers; remove one first"
    )
}
