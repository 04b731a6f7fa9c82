using System.Text;

namespace Billing.AppHost.Infrastructure;

/// <summary>Files that nobody else on this machine may read.</summary>
internal static class PrivateFile
{
    /// <summary>
    /// Replaces the file: a reader, and a crash, find the old text or the new one. Mode 600.
    /// </summary>
    public static void Write(string path, string text)
    {
        var draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(draft, options))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }
}
