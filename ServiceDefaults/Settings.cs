using Microsoft.Extensions.Configuration;

namespace Billing.ServiceDefaults;

/// <summary>Configuration that a service cannot do without. What is missing stops it, and is named.</summary>
public static class Settings
{
    /// <exception cref="CannotStartException">The value is missing or empty.</exception>
    public static string Required(this IConfiguration configuration, string key) =>
        string.IsNullOrWhiteSpace(configuration[key])
            ? throw new CannotStartException(
                $"Configuration '{key}' is missing; set it, for example as the environment "
                + $"variable {key.Replace(":", "__", StringComparison.Ordinal)}.")
            : configuration[key]!;

    public static string RequiredConnection(this IConfiguration configuration, string name) =>
        configuration.Required($"ConnectionStrings:{name}");

    /// <exception cref="CannotStartException">There is a value, and it is not of the kind.</exception>
    public static T Optional<T>(this IConfiguration configuration, string key, T fallback)
        where T : IParsable<T>
    {
        var text = configuration[key];
        if (string.IsNullOrWhiteSpace(text)) return fallback;

        return T.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new CannotStartException(
                $"Configuration '{key}' is '{text}', which is not a {typeof(T).Name}.");
    }
}

/// <summary>
/// The process cannot do its work as it is configured. Its message is one sentence for a person.
/// </summary>
public sealed class CannotStartException(string message, Exception? cause = null) : Exception(message, cause);
