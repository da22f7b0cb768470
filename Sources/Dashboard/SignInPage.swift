import Generated
import Mustache

/// The page before the dashboard: who comes in, or why nobody can.
public struct SignInPage: Sendable {
    let environment: String
    let theme: String?
    let title: String
    var warning: String?
    /// The banner about an outage of the API's process.
    var outage: Shell.Banner?
    var text: String?
    var isSignIn = false
    var next = ""
    var error: String?
    let version = ContractDocument.version

    /// The login.
    ///
    /// - Parameters:
    ///   - next: The path that was asked for.
    ///   - error: What was wrong with the last try.
    ///   - warning: What whoever logs in should know first.
    ///   - availability: Whether the API responds.
    public static func signIn(
        environment: String,
        theme: String?,
        next: String,
        error: String? = nil,
        warning: String? = nil,
        availability: APIAvailability = .available
    ) -> SignInPage {
        SignInPage(
            environment: environment,
            theme: theme,
            title: "Log in",
            warning: warning,
            outage: availability.banner(),
            isSignIn: true,
            next: next,
            error: error
        )
    }

    /// Nobody can be known now.
    public static func unavailable(environment: String, theme: String?, text: String) -> SignInPage {
        SignInPage(environment: environment, theme: theme, title: "The database is away", text: text)
    }

    /// The page.
    public var html: String { Templates.library.render(self, withTemplate: "signin") ?? "" }
}
