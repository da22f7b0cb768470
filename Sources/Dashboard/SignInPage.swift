import Generated
import Mustache

/// The sign-in page, or the page that says why signing in is not possible now.
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

    /// The form for signing in.
    ///
    /// - Parameters:
    ///   - next: The path to open after signing in.
    ///   - error: Why the last attempt failed.
    ///   - warning: A warning to show above the form.
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
            title: "Sign in",
            warning: warning,
            outage: availability.banner(),
            isSignIn: true,
            next: next,
            error: error
        )
    }

    /// The page while authentication is unavailable.
    ///
    /// - Parameter text: Why it is unavailable.
    public static func unavailable(environment: String, theme: String?, text: String) -> SignInPage {
        SignInPage(environment: environment, theme: theme, title: "Database unavailable", text: text)
    }

    /// The page as HTML.
    public var html: String { Templates.library.render(self, withTemplate: "signin") ?? "" }
}
