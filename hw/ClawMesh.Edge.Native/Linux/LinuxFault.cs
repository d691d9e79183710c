using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Native.Linux;

/// <summary>Turns the errno of the last native call into the house's fault.</summary>
internal static class LinuxFault
{
    /// <summary>Call it directly after the failed call; anything between may overwrite errno.</summary>
    internal static EdgeException FromLastError(string code, string what, string fix, FailureClass failureClass = FailureClass.Infra) =>
        FromError(Marshal.GetLastPInvokeError(), code, what, fix, failureClass);

    internal static EdgeException FromError(int error, string code, string what, string fix, FailureClass failureClass = FailureClass.Infra) =>
        new(code, what, why: $"The kernel says: {Text(error)}.", fix, failureClass);

    /// <summary>For example <c>Permission denied (errno 13)</c>.</summary>
    internal static string Text(int error) => $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
}
