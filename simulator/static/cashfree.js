// Stand-in for the gateway's browser script, version 3: Cashfree({mode}).checkout({...}).
// Plain script, no dependencies, no styles needed in the embedding page. It never rejects: problems are
// resolved as {error}, and neither an error nor a finished payment proves anything to the merchant.
(function () {
  "use strict";
  const origin = new URL(document.currentScript.src).origin;

  function problem(message, code) {
    return Promise.resolve({ error: { message: message, code: code, type: "request_failed" } });
  }

  function address(session, returnUrl, frameOrigin) {
    const url = new URL("/checkout/" + encodeURIComponent(session), origin);
    if (returnUrl) url.searchParams.set("return_url", returnUrl);
    if (frameOrigin) url.searchParams.set("frame_origin", frameOrigin);
    return url.href;
  }

  function frameIn(parent, url, size) {
    const frame = document.createElement("iframe");
    frame.src = url;
    frame.title = "Checkout";
    frame.style.border = "0";
    frame.style.width = size.width;
    frame.style.height = size.height;
    parent.append(frame);
    return frame;
  }

  // Resolves when the framed checkout says it is finished or closed.
  function outcomeOf(frame, remove) {
    return new Promise(function (resolve) {
      function listen(message) {
        if (message.origin !== origin || message.source !== frame.contentWindow) return;
        if (!message.data || message.data.source !== "cashfree-simulator") return;
        window.removeEventListener("message", listen);
        remove();
        resolve({ paymentDetails: { paymentMessage: "Payment finished. Check status." } });
      }
      window.addEventListener("message", listen);
    });
  }

  function inModal(url) {
    const shade = document.createElement("div");
    Object.assign(shade.style, {
      position: "fixed", inset: "0", zIndex: "2147483647", background: "rgba(10, 14, 26, .6)",
      display: "flex", alignItems: "center", justifyContent: "center",
    });
    const box = document.createElement("div");
    Object.assign(box.style, {
      position: "relative", width: "min(440px, 100vw)", height: "min(760px, 100vh)",
      borderRadius: "16px", overflow: "hidden", background: "#fff",
    });
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "Close checkout");
    Object.assign(close.style, {
      position: "absolute", top: "8px", right: "8px", width: "32px", height: "32px", border: "0",
      borderRadius: "16px", background: "rgba(0, 0, 0, .08)", fontSize: "20px", cursor: "pointer",
    });
    const frame = frameIn(box, url, { width: "100%", height: "100%" });
    box.append(close);
    shade.append(box);
    document.body.append(shade);
    const closed = new Promise(function (resolve) {
      close.addEventListener("click", function () {
        shade.remove();
        resolve({ error: { message: "Payment was closed by the customer", code: "user_cancelled" } });
      });
    });
    return Promise.race([closed, outcomeOf(frame, function () { shade.remove(); })]);
  }

  function checkout(options) {
    const wanted = options || {};
    const session = wanted.paymentSessionId;
    const target = wanted.redirectTarget || "_self";
    if (typeof session !== "string" || !session.startsWith("session_")) {
      return problem("payment_session_id is not present or is invalid", "payment_session_id_invalid");
    }
    if (target === "_modal") return inModal(address(session, "", window.location.origin));
    if (target instanceof Element) {
      const size = Object.assign({ width: "425px", height: "700px" }, wanted.appearance);
      const frame = frameIn(target, address(session, "", window.location.origin), size);
      return outcomeOf(frame, function () { frame.remove(); });
    }
    const url = address(session, wanted.returnUrl, "");
    if (target === "_blank") window.open(url, "_blank");
    else if (target === "_top") window.top.location.assign(url);
    else window.location.assign(url);
    return Promise.resolve({ redirect: true });
  }

  window.Cashfree = function (settings) {
    const mode = settings && settings.mode;
    if (mode !== "sandbox" && mode !== "production") {
      throw new Error('Cashfree: mode should be "sandbox" or "production"');
    }
    return { checkout: checkout, version: function () { return "3-simulator"; } };
  };
})();
