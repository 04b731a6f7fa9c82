using System.Security.Cryptography;
using System.Text.Json;
using Billing.LocalTools;

namespace Billing.AppHost.Infrastructure;

/// <summary>
/// Passwords that this installation made for itself: each once, on first use, kept in <c>secrets.json</c>
/// (mode 600), because databases remember them.
/// </summary>
public sealed class Secrets
{
    private const int Characters = 32;
    private static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    private readonly string path;
    private readonly SortedDictionary<string, string> values;

    private Secrets(string path, SortedDictionary<string, string> values) =>
        (this.path, this.values) = (path, values);

    /// <exception cref="PreparationFailed">The file is there and is not what was written.</exception>
    public static Secrets In(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "secrets.json");
        if (!File.Exists(path)) return new Secrets(path, new(StringComparer.Ordinal));

        try
        {
            var known = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(path));
            return new Secrets(path, new(known!, StringComparer.Ordinal));
        }
        catch (Exception broken) when (broken is JsonException or ArgumentNullException)
        {
            throw new PreparationFailed(
                $"{path} is damaged, and with it the passwords of the databases: restore it, or run "
                + "./billing reset.",
                broken);
        }
    }

    /// <summary>True in a data folder that has made none yet.</summary>
    public bool IsNew => values.Count == 0;

    /// <summary>
    /// The secret of that name; letters and digits only, so that it needs no quotes anywhere.
    /// </summary>
    public string this[string name]
    {
        get
        {
            lock (values)
            {
                if (values.TryGetValue(name, out var known)) return known;

                var secret = RandomNumberGenerator.GetHexString(Characters, lowercase: true);
                values.Add(name, secret);
                PrivateFile.Write(path, JsonSerializer.Serialize(values, indented) + "\n");
                return secret;
            }
        }
    }
}
