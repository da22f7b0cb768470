public import ContractRuntime
public import Generated
import WebPush

extension API {
    public func getPushKey(_ input: GetPushKey.Input) async throws(Problem) -> GetPushKey.Output {
        .ok(PushKey(publicKey: configuration.push?.key.publicKey))
    }
}
