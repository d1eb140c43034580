// Stand-in for the second gateway's browser script: new Razorpay(options), open(), close(), on(event, fn).
// Plain script, no dependencies, no styles needed in the embedding page.
(function () {
  "use strict";
  const origin = new URL(document.currentScript.src).origin;
  const FOR_THE_PAGE = [
    "key", "order_id", "subscription_id", "name", "description", "image", "prefill", "notes", "theme",
    "readonly", "hidden", "config", "retry", "callback_url", "cancel_url",
  ];

  function address(options, isPage) {
    const kept = {};
    FOR_THE_PAGE.forEach(function (name) { if (options[name] !== undefined) kept[name] = options[name]; });
    const url = new URL("/v1/checkout/public", origin);
    url.searchParams.set("options", JSON.stringify(kept));
    url.searchParams.set("flow", isPage ? "page" : "frame");
    if (!isPage) url.searchParams.set("frame_origin", window.location.origin);
    return url.href;
  }

  function postTo(url, fields) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = url;
    Object.keys(fields).forEach(function (name) {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = fields[name];
      form.append(input);
    });
    document.body.append(form);
    form.submit();
  }

  function modalIn(backdropColor) {
    const shade = document.createElement("div");
    Object.assign(shade.style, {
      position: "fixed", inset: "0", zIndex: "2147483647", background: backdropColor || "rgba(10, 14, 26, .6)",
      display: "flex", alignItems: "center", justifyContent: "center",
    });
    const isWide = window.innerWidth > 440;
    const box = document.createElement("div");
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-modal", "true");
    box.setAttribute("aria-label", "Checkout");
    Object.assign(box.style, {
      position: "relative", width: "min(440px, 100vw)", height: isWide ? "min(780px, 100vh)" : "100vh",
      borderRadius: isWide ? "16px" : "0", overflow: "hidden", background: "#fff",
    });
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "Close checkout");
    Object.assign(close.style, {
      position: "absolute", top: "44px", right: "10px", width: "32px", height: "32px", border: "0", padding: "0",
      borderRadius: "16px", background: "rgba(0, 0, 0, .35)", color: "#fff", fontSize: "20px", lineHeight: "32px",
      cursor: "pointer",
    });
    const frame = document.createElement("iframe");
    frame.title = "Checkout";
    frame.allow = "payment";
    Object.assign(frame.style, { border: "0", width: "100%", height: "100%" });
    box.append(frame, close);
    shade.append(box);
    return { shade: shade, frame: frame, close: close };
  }

  function Razorpay(options) {
    if (!(this instanceof Razorpay)) return new Razorpay(options);
    if (!options || typeof options.key !== "string" || !options.key) throw new Error("No key passed");
    this.options = options;
    this.listeners = {};
    this.opened = null;
  }

  Razorpay.prototype.on = function (event, listener) {
    (this.listeners[event] = this.listeners[event] || []).push(listener);
    return this;
  };

  Razorpay.prototype.close = function () {
    if (!this.opened) return;
    const opened = this.opened;
    this.opened = null;
    window.removeEventListener("message", opened.listen);
    window.removeEventListener("keydown", opened.onKey);
    window.clearTimeout(opened.timer);
    opened.modal.shade.remove();
  };

  Razorpay.prototype.open = function () {
    const self = this;
    const options = this.options;
    const modalOptions = options.modal || {};
    if (this.opened) return;
    if (options.redirect === true && options.callback_url) {
      window.location.assign(address(options, true));
      return;
    }
    const theme = options.theme || {};
    const modal = modalIn(theme.backdrop_color);

    function dismiss(isAsked) {
      if (!self.opened) return;
      if (isAsked && modalOptions.confirm_close && !window.confirm("Leave without paying?")) return;
      self.close();
      if (typeof modalOptions.ondismiss === "function") modalOptions.ondismiss();
    }

    function succeed(response) {
      self.close();
      if (typeof options.handler === "function") options.handler(response);
      else if (options.callback_url) postTo(options.callback_url, response);
    }

    function fail(payload) {
      (self.listeners["payment.failed"] || []).forEach(function (listener) { listener(payload); });
      if (options.retry === false || (options.retry && options.retry.enabled === false)) dismiss(false);
    }

    function listen(message) {
      if (message.origin !== origin || message.source !== modal.frame.contentWindow) return;
      const told = message.data;
      if (!told || told.source !== "razorpay-simulator") return;
      if (told.event === "success") succeed(told.payload);
      else if (told.event === "payment.failed") fail(told.payload);
      else if (told.event === "dismiss") dismiss(false);
      else if (told.event === "escape" && modalOptions.escape !== false) dismiss(true);
    }

    function onKey(event) {
      if (event.key === "Escape" && modalOptions.escape !== false) dismiss(true);
    }

    modal.frame.src = address(options, false);
    modal.close.addEventListener("click", function () { dismiss(true); });
    modal.shade.addEventListener("click", function (event) {
      if (event.target === modal.shade && modalOptions.backdropclose === true) dismiss(true);
    });
    window.addEventListener("message", listen);
    window.addEventListener("keydown", onKey);
    const seconds = Number(options.timeout);
    const timer = seconds > 0 ? window.setTimeout(function () { dismiss(false); }, seconds * 1000) : 0;
    this.opened = { modal: modal, listen: listen, onKey: onKey, timer: timer };
    document.body.append(modal.shade);
  };

  window.Razorpay = Razorpay;
})();
